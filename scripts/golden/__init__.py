"""Reference values for the tests, from PyTorch and Transformers. Run through scripts/make_golden.py."""
