"""What the SDK makes of claims: documents put together from parts, and checked."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merchant_sdk import ClaimDocumentMismatchError
from merchant_sdk.claims import DocumentParts, sign_message
from tillgate.v1 import claim_service_pb2 as pb


def parts_of(content: bytes, size: int) -> list[pb.DownloadClaimDocumentResponse]:
    """A document as the gateway sends it, so many bytes at once."""
    parts = []
    for begin in range(0, max(len(content), 1), size):
        end = begin + size
        parts.append(
            pb.DownloadClaimDocumentResponse(
                content=content[begin:end],
                total_bytes=len(content),
                sha256=sha256(content).digest(),
                next_offset=end if end < len(content) else 0,
                file_name="claim.pdf",
            )
        )
    return parts


@given(content=st.binary(max_size=50), size=st.integers(1, 20))
def test_a_document_in_parts_comes_out_whole(content: bytes, size: int) -> None:
    """However it is cut."""
    receiving = DocumentParts()
    offsets = [receiving.take(part) for part in parts_of(content, size)]
    assert 0 == offsets[-1]
    assert all(offsets[:-1])
    assert ("claim.pdf", content) == (receiving.whole().file_name, receiving.whole().content)


@given(content=st.binary(min_size=2, max_size=50), size=st.integers(1, 20), data=st.data())
def test_a_document_that_was_altered_on_its_way_is_not_given_out(
    content: bytes, size: int, data: st.DataObject
) -> None:
    """A byte that differs, a part that is missing, a part of another document."""
    parts = parts_of(content, size)
    victim = parts[data.draw(st.integers(0, len(parts) - 1))]
    harm = data.draw(st.sampled_from(["byte", "lost", "other"]))
    if harm == "byte":
        victim.content = bytes([victim.content[0] ^ 1]) + victim.content[1:]
    elif harm == "lost":
        victim.content = victim.content[:-1]
    else:
        victim.sha256 = sha256(b"other").digest()
    receiving = DocumentParts()
    with pytest.raises(ClaimDocumentMismatchError):
        list(map(receiving.take, parts))


def test_a_claim_is_signed_in_one_way() -> None:
    """By a signature or by a scan."""
    with pytest.raises(ValueError, match="either"):
        sign_message(5, None, None, b"")
    with pytest.raises(ValueError, match="either"):
        sign_message(5, b"cms", b"scan", b"")
    assert b"cms" == sign_message(5, b"cms", None, b"").qualified_signature
