"""Customer value: how it was found, how it is spread, whom it names first; and its card on a customer's page."""
