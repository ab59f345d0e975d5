"""A made-up Tmall shop of home textiles, 半亩棉旗舰店: two years of orders that look and add up like real ones.

`generate(seed, customers, orders, end)` gives its tables, `plan(…)` the same run by run, `write_export(…)` its
orders as the seller back office would export them. No person, phone or address in it is real.
"""

from laoke.intake.demo.export import write_export, write_gbk_bench_export
from laoke.intake.demo.goods import SHOP_NAME
from laoke.intake.demo.shop import DemoPlan, DemoRun, DemoShop, generate, plan

__all__ = [
    "SHOP_NAME",
    "DemoPlan",
    "DemoRun",
    "DemoShop",
    "generate",
    "plan",
    "write_export",
    "write_gbk_bench_export",
]
