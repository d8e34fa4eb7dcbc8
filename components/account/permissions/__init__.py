"""What each role of an account may do: a file a role, and beside them what several share."""
