"""What the reference of v2 says and a client could see, and the tests that show it.

One row a statement, by section. A row without tests says why nothing can be seen at the API.
Sections 1, 10 to 14 and 19 are about names, clusters, clouds, command lines and open points.
"""

from tests.emulator.statements.v2.objects_stated import NOTES, OBJECTS, VALIDATION
from tests.emulator.statements.v2.requests_stated import ERRORS, LISTS, TRANSPORT
from tests.emulator.statements.v2.runners_stated import AGENTS, RULES, RUNNERS, TYPES

STATEMENTS = (
    *TRANSPORT,
    *ERRORS,
    *LISTS,
    *RUNNERS,
    *TYPES,
    *RULES,
    *AGENTS,
    *VALIDATION,
    *OBJECTS,
    *NOTES,
)
