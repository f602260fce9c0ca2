"""What is published, for commands that look at it once."""

from gateway.domain.category import ListBook
from gateway.goods.editions import Editions, editions_from, known_lists
from gateway.goods.loader import load_list_book
from gateway.goods.reference.reading import ReferenceSnapshot, read_reference
from gateway.runtime.database import make_engine
from gateway.runtime.settings import Settings


async def read_editions(settings: Settings) -> Editions:
    """The editions as they are published now; raises ListFileError and what the database raises."""
    return editions_from(await _published(settings.database_url), load_list_book(settings.lists_dir))


async def read_known_lists(settings: Settings) -> ListBook:
    """Every prohibited list by which lines may have been judged, as the reader; raises likewise."""
    return known_lists(await _published(settings.database_reader_url), load_list_book(settings.lists_dir))


async def _published(url: str) -> ReferenceSnapshot:
    engine = make_engine(url, pool_size=1)
    try:
        return await read_reference(engine)
    finally:
        await engine.dispose()
