"""IAM policies, keys and private storage, which all areas use."""
