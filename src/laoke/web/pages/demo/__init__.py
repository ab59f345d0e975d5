"""The demo shop's clock: turn it forward and see what follows."""
