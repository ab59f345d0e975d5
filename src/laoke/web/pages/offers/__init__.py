"""Pages of offers: the list, the editor with an example basket, the backtest on the shop's own past orders."""
