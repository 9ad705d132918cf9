"""Several nodes behind one proxy, with one store, as docs/deploy.md has them."""
