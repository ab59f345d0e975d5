"""Pages of chat groups: all of them, one with its people, and a file looked at before it is used."""
