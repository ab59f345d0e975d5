"""What a backtest says beyond its sums: who is lifted over a step, what pays for itself, what goes too far, who gains.

Arrays and values in, values out; nothing is priced again. Every figure here is defined in docs/how-to/backtest.md.
"""
