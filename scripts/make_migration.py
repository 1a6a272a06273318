"""Write the next migration of the registry from what its tables have become: `python scripts/make_migration.py TITLE`.

What it writes is a draft: read it, give its functions names, say how old rows are to be filled, and run
`pytest tests/contract/server/registry/test_schema.py`, which holds it against the tables on both databases.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import Script

from skerry_server.registry import schema
from skerry_server.registry.database import Database


def main() -> None:
    """Bring an empty registry up to the newest migration, and write down what its tables still lack."""
    title = " ".join(sys.argv[1:])
    if not title:
        sys.exit("say in a sentence what the migration brings")
    number = f"{int(schema.newest()) + 1:04d}"
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/registry.sqlite")
        database.migrate()
        with database.engine.begin() as connection:
            config = schema.config_of(connection)
            config.set_main_option("file_template", f"v{number}_{'_'.join(re.findall('[a-z0-9]+', title.lower()))}")
            made = command.revision(config, title, autogenerate=True, rev_id=number)
        database.close()
    if isinstance(made, Script):
        print(Path(made.path).relative_to(Path.cwd()))


if __name__ == "__main__":
    main()
