"""Real identity servers, each a process of its own on a free loopback port, started by the tests that need them."""
