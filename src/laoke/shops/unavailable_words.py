"""Why the facts cannot be reached, in the user's language, with what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from laoke.warehouse.unavailable import Unavailable

UNAVAILABLE = "unavailable"


def told(problem: Unavailable) -> str:
    """One sentence or two: what is wrong, and the next step."""
    return sentence(problem.code, problem.detail)


def sentence(code: str, detail: Mapping[str, Any]) -> str:
    """The same from what a job wrote down."""
    return _words()[code] % detail


def as_error(problem: Unavailable) -> dict[str, Any]:
    """What a job writes down of it, to be said later in the reader's language."""
    return {"code": UNAVAILABLE, "params": {"code": problem.code, **problem.detail}}


def _words() -> dict[str, str]:
    return {
        "setting": _("设置 LAOKE_ENGINE 看不懂：%(why)s。写 duckdb，或 spark://主机:端口"),
        "no_pyspark": _("没有装 pyspark。运行 pip install 'laoke[spark]'，或把 LAOKE_ENGINE 改回 duckdb"),
        "no_java": _(
            "这台机器没有 Java。Spark 要 Java 17 或更新的：Debian 上 apt-get install default-jre-headless"
        ),
        "old_java": _("这台机器的 Java 太旧。Spark 要 Java 17 或更新的"),
        "unreachable": _("连不上 Spark 集群 %(address)s（%(why)s）。看看主节点是否在跑、防火墙是否放行"),
        "not_taken": _(
            "%(address)s 有应答，但 %(seconds)s 秒里没有接纳老客。集群的 Spark 要和这里同一个版本：%(version)s"
        ),
        "other_version": _("集群的 Spark 和这里的版本不同。这里是 %(version)s，主节点和工作节点都要是它"),
        "no_workers": _(
            "Spark 集群 %(address)s 在 %(seconds)s 秒里没有给出工作节点：没有在跑，或都被占着，"
            "或内存、核数不够 LAOKE_ENGINE 里要的"
        ),
        "query_too_long": _("算了 %(seconds)s 秒还没有算完，已经停下。把时间范围改小一点再试"),
        "query_replaced": _("条件又改了，这一次没有数完"),
        "too_long": _("Spark 集群 %(seconds)s 秒没有算完，已经停下。范围改小一点，或加工作节点"),
        "files_unseen": _("Spark 的工作节点读不到 %(folder)s。这个文件夹要共享给每个节点，路径相同"),
        "no_s3a": _("Spark 集群读不了 s3://：每个节点要装 hadoop-aws"),
        "lost": _("Spark 集群断开了（%(why)s）。再试一次会重新连接"),
        "failed": _("Spark 集群没有算成：%(why)s"),
        "tables_setting": _("设置 LAOKE_TABLES 看不懂：%(why)s。写 s3://桶/文件夹"),
        "no_bucket": _("对象存储里没有桶 %(bucket)s。先建好它，或改 LAOKE_TABLES"),
        "wrong_key": _(
            "对象存储 %(place)s 不认这把钥匙，或这把钥匙没有读写的权限。看看 LAOKE_TABLES_KEY 和 LAOKE_TABLES_SECRET"
        ),
        "storage_away": _("连不上对象存储 %(place)s。看看网络和 LAOKE_TABLES_ENDPOINT；已有的数据没有变"),
        "storage_failed": _("对象存储 %(place)s 没有做成：%(why)s"),
    }
