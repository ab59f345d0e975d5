"""Pages of reviews: what a campaign and each of its rounds brought beyond what would have come anyway."""
