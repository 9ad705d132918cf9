<?php
// A SAML identity provider for the tests: Debian's SimpleSAMLphp. simplesamlphp.py says in TOLD where it is.
$told = json_decode(getenv('TOLD'), true);
$folder = $told['folder'];

// Service providers are registered by their own metadata, which is read anew at each request.
$registered = array_map(fn ($file) => ['type' => 'xml', 'file' => $file], glob("$folder/registered/*.xml"));

$config = [
    'baseurlpath' => $told['url'],
    'certdir' => "$folder/",
    'tempdir' => "$folder/tmp/",
    'metadatadir' => __DIR__ . '/metadata/',
    'metadata.sources' => [['type' => 'flatfile'], ...$registered],
    'module.enable' => ['core' => true, 'saml' => true, 'exampleauth' => true],
    'enable.saml20-idp' => true,
    'secretsalt' => 'a salt of tests',
    'auth.adminpassword' => 'a password of tests',
    'admin.checkforupdates' => false,
    'timezone' => 'UTC',
    'language.available' => ['fr', 'en'],
    'language.default' => 'fr',
    'logging.handler' => 'stderr',
    'errorreporting' => false,
    'session.phpsession.savepath' => "$folder/sessions",
    // By default its cookies are Secure, and over http it refuses to set those.
    'session.cookie.secure' => false,
    'session.cookie.samesite' => 'Lax',
];
