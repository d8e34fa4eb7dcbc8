"""The compositions: what each stack is made of."""
