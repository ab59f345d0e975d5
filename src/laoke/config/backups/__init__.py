"""Backup and restore of a whole installation: both stores and the frozen lists, without the keys.

    sealed     one file: a tar stream inside `shops/sealed_stream.py`, members named below
    moment     what belongs together: a copy of the ledger, the versions that its newest and pinned entries name
    taking     a backup, written beside and put in place when it is whole
    restoring  a new home beside the old one, brought up to date there, and only then swapped
    reviving   what a restored ledger needs before anybody works with it; a process of its own

Members: `manifest.json`, `tombstones.json`, `ledger/…/000001.z`, `warehouse/…`, `snapshots/…`, `uploads/…`,
`demo-clock.json`.
"""
