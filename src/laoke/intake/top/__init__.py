"""The Taobao Open Platform: signed calls, what its trades and refunds mean, and pulling them without a gap."""
