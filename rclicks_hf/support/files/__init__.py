"""Files and folders: written whole, found, and told apart by their digests."""
