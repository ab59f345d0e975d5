"""Customer value: how often each customer will buy again, for how much, and whether he is still there.

Pure values in and out: no Django, no database, no clock. numpy is needed to import the modules of this package, scipy
when they compute. Times are in one unit of the caller's choice (days for a shop, weeks in the literature) and so is
money; nothing here knows which.

- `customers` what is known of each customer, checked, and the same grouped: equal histories are counted once;
- `geometric` BG/NBD and MBG/NBD, `pareto` Pareto/NBD, `spend` Gamma-Gamma;
- `newton` maximum likelihood with exact first and second derivatives; `fitting` starts, standard errors, refusals;
- `counts` what a model says of the number of coming orders; `prediction` per customer;
- `intervals` between what bounds the outcome lies, `uncertainty` what the fit leaves open of the parameters;
- `holdout` how a model would have done on the shop's own last months, and which one is chosen by that;
- `rates` what is left when no model holds; `simulation` customers that follow a model exactly.
"""
