<?php
$config = [
    'accounts' => [
        'exampleauth:UserPass',
        'alice:alice' => ['uid' => 'alice.martin', 'mail' => 'alice.martin@exemple.test'],
    ],
];
