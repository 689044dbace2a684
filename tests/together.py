"""Some work in several processes at once that are forked from the test's own, so that none imports torch again."""

import json
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch.distributed as dist


def together(count: int, work: Callable[[], Any], folder: Path) -> list[Any]:
    """What `work` returned (JSON) in each of `count` processes that form a group; a failure is one here."""
    folder.mkdir(parents=True, exist_ok=True)
    children = [_child(number, count, work, folder) for number in range(count)]
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    (folder / "store").unlink(missing_ok=True)
    said = [(folder / f"{number}.err").read_text() for number in range(count)]
    assert codes == [0] * count, "\n".join(said)
    return [json.loads((folder / f"{number}.json").read_text()) for number in range(count)]


def _child(number: int, count: int, work: Callable[[], Any], folder: Path) -> int:
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    code = 1
    with (folder / f"{number}.err").open("w") as errors:
        try:
            dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=number, world_size=count)
            (folder / f"{number}.json").write_text(json.dumps(work()))
            dist.barrier()
            code = 0
        except BaseException:
            traceback.print_exc(file=errors)
            raise
        finally:
            errors.flush()
            # Without pytest's own ending, which belongs to the parent.
            os._exit(code)
    return 0
