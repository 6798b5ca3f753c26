"""How fast products and instances may send, so that none of them takes the room of the others.

Buckets of tokens, one token an item. A product's own bucket holds what the vendor allows it; when
the server as a whole is limited, each product has its even share of that, and what it leaves of
its share goes to a common bucket that anybody may take from. An instance has a bucket of its own
in a table of fixed size, by a hash of its id: two that share one are only slowed down sooner.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

BURST_SECONDS = 10.0  # what may be saved up by not sending
LONGEST_WAIT = 3600
INSTANCE_BUCKETS = 65_536


class TooFastError(Exception):
    """Come back in so many seconds: nothing of this request was taken."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        super().__init__(f"too fast; again in {seconds} s")


@dataclass(slots=True)
class Bucket:
    """`tokens` may be below zero: a request larger than the bucket is taken when it is full."""

    tokens: float
    at: float

    def fill(self, rate: float, now: float) -> float:
        """Add what came since the last time; what did not fit in is returned."""
        most = rate * BURST_SECONDS
        self.tokens += rate * max(now - self.at, 0.0)
        self.at = now
        spilled = max(self.tokens - most, 0.0)
        self.tokens -= spilled
        return spilled

    def wait(self, items: int, rate: float) -> float:
        """Seconds until so many items may be taken, 0 for now."""
        needed = min(items, rate * BURST_SECONDS)
        # A hair of rounding must not send anybody away for a second.
        return max((needed - self.tokens - 1e-6) / rate, 0.0)


class Spent(msgspec.Struct):
    """Items that were let in: by product, and by the bucket of an instance. False if none."""

    products: dict[str, int] = {}
    instances: dict[int, int] = {}

    def __bool__(self) -> bool:
        return bool(self.products or self.instances)

    def add(self, other: "Spent") -> None:
        for product, items in other.products.items():
            self.products[product] = self.products.get(product, 0) + items
        for place, items in other.instances.items():
            self.instances[place] = self.instances.get(place, 0) + items


class Pace:
    """The buckets of one collector. `clock` is monotonic, in seconds.

    Several processes share their limits by telling each other what they let in, a few times a
    second: each has buckets of the whole rate and takes out of them what the others spent. What is
    let in over a longer time is thus the rate, whichever process a client talks to; within a
    moment it may be more by what was spent between two tellings.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        most: float = 0.0,
        *,
        shared: bool = False,
        place_key: bytes = b"",
    ) -> None:
        """`most` is what the server takes in items a second, 0 for no limit. With `shared` others
        will ask what was spent; `place_key`, the same for all, finds an instance's bucket.
        """
        self._clock = clock
        self._most = most
        self._shared = shared
        self._place_key = hashlib.blake2b(b"pace", key=place_key, digest_size=32).digest()
        self._spent = Spent()
        # What others spent of a product that has not been seen here yet.
        self._owed: dict[str, int] = {}
        self._products: dict[str, Bucket] = {}
        self._shares: dict[str, Bucket] = {}
        self._common = Bucket(most * BURST_SECONDS, clock())
        self._instances: dict[int, Bucket] = {}

    def admit_product(self, product: str, items: int, rate: float | None) -> None:
        """Take a request's items out of the product's bucket. Raises `TooFastError`."""
        now = self._clock()
        bucket = None
        if rate:
            bucket = self._products.get(product)
            if bucket is None:
                most = rate * BURST_SECONDS
                full = max(most - self._owed.pop(product, 0), 0.0)
                bucket = self._products[product] = Bucket(full, now)
            bucket.fill(rate, now)
            _refuse_for(bucket.wait(items, rate))
        if self._most:
            self._admit_share(product, items, now)
        if bucket is not None:
            bucket.tokens -= items
        if self._shared and (rate or self._most):
            self._spent.products[product] = self._spent.products.get(product, 0) + items

    def admit_instance(self, instance: str, items: int, rate: float) -> None:
        """The same for one instance."""
        now = self._clock()
        digest = hashlib.blake2b(instance.encode(errors="surrogatepass"), key=self._place_key)
        place = int.from_bytes(digest.digest()[:4]) % INSTANCE_BUCKETS
        bucket = self._instances.setdefault(place, Bucket(rate * BURST_SECONDS, now))
        bucket.fill(rate, now)
        _refuse_for(bucket.wait(items, rate))
        bucket.tokens -= items
        if self._shared:
            self._spent.instances[place] = self._spent.instances.get(place, 0) + items

    def take_spent(self) -> Spent:
        """What was let in since this was last asked."""
        taken, self._spent = self._spent, Spent()
        return taken

    def debit(self, spent: Spent) -> None:
        """Take out what other processes have let in; whoever comes next feels it."""
        now = self._clock()
        for product, items in spent.products.items():
            bucket = self._products.get(product)
            if bucket is not None:
                bucket.tokens -= items
            else:
                self._owed[product] = self._owed.get(product, 0) + items
            if self._most:
                own = self._fill_shares(product, now)
                self._common.tokens -= max(items - max(own.tokens, 0.0), 0.0)
                own.tokens -= min(items, max(own.tokens, 0.0))
        for place, items in spent.instances.items():
            if place in self._instances:
                self._instances[place].tokens -= items

    def _admit_share(self, product: str, items: int, now: float) -> None:
        own = self._fill_shares(product, now)
        rate = self._most / len(self._shares)
        if own.wait(items, rate) == 0.0:
            own.tokens -= items
        elif own.tokens + self._common.tokens >= min(items, self._most * BURST_SECONDS):
            self._common.tokens -= items - max(own.tokens, 0.0)
            own.tokens = min(own.tokens, 0.0)
        else:
            _refuse_for(own.wait(items, rate))

    def _fill_shares(self, product: str, now: float) -> Bucket:
        """Give everybody what came since; the product's own share."""
        own = self._shares.get(product)
        if own is None:
            rate = self._most / (len(self._shares) + 1)
            own = self._shares[product] = Bucket(rate * BURST_SECONDS, now)
        rate = self._most / len(self._shares)
        for bucket in self._shares.values():
            self._common.tokens += bucket.fill(rate, now)
        self._common.tokens = min(self._common.tokens, self._most * BURST_SECONDS)
        return own


def _refuse_for(seconds: float) -> None:
    if seconds > 0.0:
        raise TooFastError(min(int(seconds) + 1, LONGEST_WAIT))
