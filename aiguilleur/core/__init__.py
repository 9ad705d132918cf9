"""The decision: values, matchers and one pure function; no input or output, no clock, no chance, no Flask."""
