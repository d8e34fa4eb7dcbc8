"""Accounts, people, and what watches over both."""
