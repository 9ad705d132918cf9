<?php
// Run before each script of a server that shows its pages whatever it is asked.
parse_str($_SERVER['QUERY_STRING'] ?? '', $asked);
if (isset($asked['SAMLRequest'])) {
    $request = preg_replace('/IsPassive="(true|1)"/', '', gzinflate(base64_decode($asked['SAMLRequest'])));
    $_SERVER['QUERY_STRING'] = http_build_query(['SAMLRequest' => base64_encode(gzdeflate($request))] + $asked);
}
