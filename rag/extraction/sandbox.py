"""What a process gives up before it reads a document: memory, time, files, the network, other programs.

The kernel takes all of it away for good; no code that runs afterwards can get it back. Linux's system call filter
(seccomp, https://www.kernel.org/doc/html/latest/userspace-api/seccomp_filter.html) needs no privilege. Where there is
none (macOS, an unknown processor), the limits of ``setrlimit`` hold alone.
"""

from __future__ import annotations

import ctypes
import errno
import math
import platform
import resource
import signal
import struct
import sys
from collections.abc import Iterator

from rag.extraction.limits import Limits

_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 22, 38
_SECCOMP_MODE_FILTER = 2
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06  # of the classic Berkeley packet filter
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # where struct seccomp_data has them
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_CLONE_THREAD = 0x10000

# System calls by processor: (its number in the kernel's audit, {name: number}).
# fmt: off
_X86_64 = (0xC000003E, {
    "open": 2, "socket": 41, "connect": 42, "accept": 43, "bind": 49, "listen": 50, "clone": 56,
    "fork": 57, "vfork": 58, "execve": 59, "kill": 62, "truncate": 76, "rename": 82, "mkdir": 83, "rmdir": 84,
    "creat": 85, "link": 86, "unlink": 87, "symlink": 88, "chmod": 90, "chown": 92, "lchown": 94, "ptrace": 101,
    "mknod": 133, "mount": 165, "tkill": 200, "openat": 257, "mkdirat": 258, "mknodat": 259, "fchownat": 260,
    "unlinkat": 263, "renameat": 264, "linkat": 265, "symlinkat": 266, "fchmodat": 268, "unshare": 272,
    "utimensat": 280, "accept4": 288, "setns": 308, "process_vm_readv": 310, "process_vm_writev": 311,
    "renameat2": 316, "memfd_create": 319, "bpf": 321, "execveat": 322, "io_uring_setup": 425,
    "clone3": 435, "openat2": 437, "pidfd_getfd": 438,
})
_AARCH64 = (0xC00000B7, {
    "mknodat": 33, "mkdirat": 34, "unlinkat": 35, "symlinkat": 36, "linkat": 37, "renameat": 38, "mount": 40,
    "truncate": 45, "fchmodat": 53, "fchownat": 54, "openat": 56, "utimensat": 88, "unshare": 97, "ptrace": 117,
    "kill": 129, "tkill": 130, "socket": 198, "bind": 200, "listen": 201, "accept": 202,
    "connect": 203, "clone": 220, "execve": 221, "accept4": 242, "setns": 268, "process_vm_readv": 270,
    "process_vm_writev": 271, "renameat2": 276, "memfd_create": 279, "bpf": 280, "execveat": 281,
    "io_uring_setup": 425, "clone3": 435, "openat2": 437, "pidfd_getfd": 438,
})
# fmt: on
_PROCESSORS = {"x86_64": _X86_64, "aarch64": _AARCH64}
# What is answered instead of "not permitted". Of a call that the kernel does not know, the C library takes the older
# form, which can be judged. pdfium's folder was made before: its library insists on its being there, and on its rights.
_ANSWERS = {"clone3": errno.ENOSYS, "openat2": errno.ENOSYS, "mkdir": errno.EEXIST, "mkdirat": errno.EEXIST}
_ANSWERS |= {"chmod": 0, "fchmodat": 0}


def die_with_parent() -> None:
    """End this process when the one that started it ends, however that comes."""
    if sys.platform == "linux":
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def give_up_rights(limits: Limits) -> None:
    """From here on: so much memory and time, no file opened or written, no network, no other process."""
    _limit(resource.RLIMIT_AS, limits.memory)
    _limit(resource.RLIMIT_CPU, math.ceil(limits.seconds))
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_CORE, 0)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, limits.seconds)
    if has_filter():
        _install(b"".join(_program(*_PROCESSORS[platform.machine()])))


def has_filter() -> bool:
    """True where system calls can be refused."""
    return sys.platform == "linux" and platform.machine() in _PROCESSORS


def _limit(what: int, most: int) -> None:
    _, hard = resource.getrlimit(what)
    allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (allowed, allowed))


def _program(architecture: int, calls: dict[str, int]) -> Iterator[bytes]:
    """The filter: each call that is listed is refused; ``clone`` is, unless it makes a thread."""
    yield _step(_LOAD, _ARCHITECTURE)
    yield _step(_EQUAL, architecture, when_true=1)
    yield _step(_RETURN, _KILL)
    yield _step(_LOAD, _NUMBER)
    for name, number in calls.items():
        if name == "clone":
            yield _step(_EQUAL, number, when_false=4)
            yield _step(_LOAD, _FIRST_ARGUMENT)
            yield _step(_ANY_BIT, _CLONE_THREAD, when_true=1)
            yield _step(_RETURN, _REFUSE | errno.EPERM)
            yield _step(_RETURN, _ALLOW)
        else:
            yield _step(_EQUAL, number, when_false=1)
            yield _step(_RETURN, _REFUSE | _ANSWERS.get(name, errno.EPERM))
    yield _step(_RETURN, _ALLOW)


def _step(code: int, value: int, *, when_true: int = 0, when_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, when_true, when_false, value)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_void_p))


def _install(steps: bytes) -> None:
    kept = ctypes.create_string_buffer(steps, len(steps))
    program = _Program(len(steps) // 8, ctypes.cast(kept, ctypes.c_void_p))
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(program))


def _prctl(option: int, *arguments: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    given = [ctypes.c_ulong(argument) for argument in (*arguments, 0, 0, 0, 0)[:4]]
    if library.prctl(option, *given) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option}) was refused")
