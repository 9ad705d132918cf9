<?php
$told = json_decode(getenv('TOLD'), true);

$metadata["{$told['url']}idp"] = [
    'host' => '__DEFAULT__',
    'privatekey' => 'idp.key',
    'certificate' => 'idp.pem',
    'auth' => 'accounts',
    'assertion.encryption' => $told['encrypts'],
];
