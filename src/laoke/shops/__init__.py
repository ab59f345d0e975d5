"""Owner, shop, staff and roles, audit, settings, jobs with progress and cancel, uploads, the catalog."""
