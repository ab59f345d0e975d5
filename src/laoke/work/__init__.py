"""Tasks with one owner, due time, predecessors and evidence; call lists and reminders."""
