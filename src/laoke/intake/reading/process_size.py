"""How much memory a process holds right now: /proc tells it on Linux, the process API on Windows."""

from __future__ import annotations

import ctypes
import mmap
import os
from pathlib import Path
from typing import Any

_QUERY_LIMITED = 0x1000  # PROCESS_QUERY_LIMITED_INFORMATION


class _Counters(ctypes.Structure):
    """PROCESS_MEMORY_COUNTERS of psapi.h."""

    _fields_ = (
        ("cb", ctypes.c_uint32),
        ("PageFaultCount", ctypes.c_uint32),
        ("PeakWorkingSetSize", ctypes.c_size_t),
        ("WorkingSetSize", ctypes.c_size_t),
        ("QuotaPeakPagedPoolUsage", ctypes.c_size_t),
        ("QuotaPagedPoolUsage", ctypes.c_size_t),
        ("QuotaPeakNonPagedPoolUsage", ctypes.c_size_t),
        ("QuotaNonPagedPoolUsage", ctypes.c_size_t),
        ("PagefileUsage", ctypes.c_size_t),
        ("PeakPagefileUsage", ctypes.c_size_t),
    )


def held_bytes(pid: int) -> int | None:
    """Memory of a process in bytes; None where the system does not tell, or the process is gone."""
    kernel = _kernel()
    return _told_by_proc(pid) if kernel is None else _told_by_windows(pid, kernel)


def _kernel() -> Any:
    library = getattr(ctypes, "WinDLL", None)
    return library("kernel32", use_last_error=True) if library and os.name == "nt" else None


def _told_by_proc(pid: int) -> int | None:
    try:
        fields = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
    except OSError:
        return None
    return int(fields[1]) * mmap.PAGESIZE if len(fields) > 1 else None


def _told_by_windows(pid: int, kernel: Any) -> int | None:
    """What is committed, not only what is in RAM: a process that is paged out has not become smaller."""
    kernel.OpenProcess.restype = ctypes.c_void_p  # a handle is as wide as a pointer
    handle = kernel.OpenProcess(_QUERY_LIMITED, False, pid)
    if not handle:
        return None
    counters = _Counters(cb=ctypes.sizeof(_Counters))
    process = ctypes.c_void_p(handle)
    try:
        if not kernel.K32GetProcessMemoryInfo(process, ctypes.byref(counters), counters.cb):
            return None
        return max(counters.WorkingSetSize, counters.PagefileUsage)
    finally:
        kernel.CloseHandle(process)
