"""Is a derivative the one that finite differences give? See `derivatives`."""

from .derivatives import check_all, check_gradients, check_jvp, check_vjp, compare
from .leaves import copied
from .reports import Difference, Kink, Report
from .slopes import Slope, slope
from .streams import Streams, streams_of

__all__ = ["Difference", "Kink", "Report", "Slope", "Streams", "check_all", "check_gradients", "check_jvp", "check_vjp", "compare", "copied", "slope", "streams_of"]
