"""Groups stand in the shop of the tests of segments."""

from tests.audiences.conftest import world as world
