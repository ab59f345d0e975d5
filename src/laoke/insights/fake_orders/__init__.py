"""Fake orders (疑似刷单): signals with their evidence, a score, and what people decided about it.

    rules      what each signal is worth, and the sum for one order: values in, values out
    scoring    the signals of a shop's orders, asked of the warehouse and of the contact digests
    flags      the ledger: scores kept, decisions of people, the threshold; a decision outlives every new score
    mirroring  the mirror `order_flags`, by which flagged orders leave every figure

Who brushes is not helped: nothing here tells how to stay below a limit, and nothing recruits, pays or plans.
"""
