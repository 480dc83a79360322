"""ristretto255 (RFC 9496) and the curve beneath it, in plain integers.

Made to be read and to check, not to be fast and not to keep secrets: nothing here runs in constant
time, so no private key belongs in it. Names follow the RFC.
"""

from dataclasses import dataclass
from typing import Self

P = 2**255 - 19
"""The field: integers modulo P."""

ORDER = 2**252 + 27742317777372353535851937790883648493
"""The order of the group, `L` in RFC 8032."""

D = -121665 * pow(121666, -1, P) % P
"""The curve: -x² + y² = 1 + D x² y²."""

SQRT_M1 = pow(2, (P - 1) // 4, P)


def is_negative(x: int) -> bool:
    """RFC 9496, section 3.1: the least significant bit."""
    return x % P & 1 == 1


def absolute(x: int) -> int:
    """`x` or `-x`, whichever is not negative."""
    return -x % P if is_negative(x) else x % P


def sqrt_ratio_m1(u: int, v: int) -> tuple[bool, int]:
    """RFC 9496, section 4.2: whether u/v is a square, and the root of u/v or of SQRT_M1·u/v."""
    r = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    check = v * r * r % P
    correct, flipped, flipped_i = check == u % P, check == -u % P, check == -u * SQRT_M1 % P
    if flipped or flipped_i:
        r = r * SQRT_M1 % P
    return correct or flipped, absolute(r)


_, INVSQRT_A_MINUS_D = sqrt_ratio_m1(1, -1 - D)
ONE_MINUS_D_SQ = (1 - D * D) % P
D_MINUS_ONE_SQ = (D - 1) ** 2 % P
SQRT_AD_MINUS_ONE = P - sqrt_ratio_m1(-D - 1, 1)[1]
"""The odd root, as the RFC lists it."""


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """A point of edwards25519 in extended coordinates: x = X/Z, y = Y/Z, x·y = T/Z."""

    X: int
    Y: int
    Z: int
    T: int

    @classmethod
    def affine(cls, x: int, y: int) -> Self:
        return cls(x % P, y % P, 1, x * y % P)

    def __add__(self, other: "Point") -> "Point":
        a = (self.Y - self.X) * (other.Y - other.X) % P
        b = (self.Y + self.X) * (other.Y + other.X) % P
        c = 2 * D * self.T * other.T % P
        d = 2 * self.Z * other.Z % P
        e, f, g, h = b - a, d - c, d + c, b + a
        return Point(e * f % P, g * h % P, f * g % P, e * h % P)

    def __neg__(self) -> "Point":
        return Point(-self.X % P, self.Y, self.Z, -self.T % P)

    def __sub__(self, other: "Point") -> "Point":
        return self + -other

    def __rmul__(self, scalar: int) -> "Point":
        total = IDENTITY
        for bit in bin(scalar)[2:]:
            total = total + total
            if bit == "1":
                total = total + self
        return total

    def __eq__(self, other: object) -> bool:
        """RFC 9496, section 4.3.3: equal as elements of ristretto255, not as points."""
        if not isinstance(other, Point):
            return NotImplemented
        return (self.X * other.Y - self.Y * other.X) % P == 0 or (self.Y * other.Y - self.X * other.X) % P == 0


IDENTITY = Point.affine(0, 1)


def decode_edwards(data: bytes) -> Point | None:
    """RFC 8032, section 5.1.3: a point from its 32 bytes, or nothing if they are no canonical encoding."""
    number = int.from_bytes(data, "little")
    y, sign = number & (2**255 - 1), number >> 255
    if len(data) != 32 or y >= P:
        return None
    square, x = sqrt_ratio_m1(y * y - 1, D * y * y + 1)
    if not square or (x == 0 and sign):
        return None
    return Point.affine(-x if sign else x, y)


def is_small_order(point: Point) -> bool:
    """Whether eight times the point is the identity of edwards25519."""
    eightfold = 8 * point
    return eightfold.X == 0 and eightfold.Y == eightfold.Z


def small_order_y() -> frozenset[int]:
    """The y of the eight points of small order: 0, 1, -1, and two more, of the points of order 8.

    For a point of order 8, doubling gives y = 0, so x² = -y² there; with the curve's equation,
    D y⁴ + 2 y² - 1 = 0.
    """
    _, root = sqrt_ratio_m1(1 + D, 1)
    squares = [(sign * root - 1) * pow(D, -1, P) % P for sign in (1, -1)]
    ys = [sqrt_ratio_m1(square, 1) for square in squares]
    return frozenset([0, 1, P - 1] + [y * sign % P for is_square, y in ys if is_square for sign in (1, -1)])


SMALL_ORDER_Y = small_order_y()


def decode(data: bytes) -> Point | None:
    """RFC 9496, section 4.3.1: an element from its 32 bytes, or nothing."""
    s = int.from_bytes(data, "little")
    if len(data) != 32 or s >= P or is_negative(s):
        return None
    ss = s * s % P
    u1, u2 = 1 - ss, 1 + ss
    v = (-D * u1 * u1 - u2 * u2) % P
    was_square, invsqrt = sqrt_ratio_m1(1, v * u2 * u2)
    den_x = invsqrt * u2 % P
    den_y = invsqrt * den_x * v % P
    x = absolute(2 * s * den_x)
    y = u1 * den_y % P
    if not was_square or is_negative(x * y) or y == 0:
        return None
    return Point.affine(x, y)


def encode(point: Point) -> bytes:
    """RFC 9496, section 4.3.2: the one encoding of an element."""
    x0, y0, z0, t0 = point.X, point.Y, point.Z, point.T
    u1 = (z0 + y0) * (z0 - y0) % P
    u2 = x0 * y0 % P
    _, invsqrt = sqrt_ratio_m1(1, u1 * u2 * u2)
    den1, den2 = invsqrt * u1 % P, invsqrt * u2 % P
    z_inv = den1 * den2 * t0 % P
    if is_negative(t0 * z_inv):
        x, y, den_inv = y0 * SQRT_M1 % P, x0 * SQRT_M1 % P, den1 * INVSQRT_A_MINUS_D % P
    else:
        x, y, den_inv = x0, y0, den2
    if is_negative(x * z_inv):
        y = -y % P
    return absolute(den_inv * (z0 - y)).to_bytes(32, "little")


def one_way_map(data: bytes) -> Point:
    """RFC 9496, section 4.3.4: an element from 64 uniform bytes."""
    return elligator(data[:32]) + elligator(data[32:])


def elligator(half: bytes) -> Point:
    """`MAP` of RFC 9496, section 4.3.4."""
    t = (int.from_bytes(half, "little") & (2**255 - 1)) % P
    r = SQRT_M1 * t * t % P
    u = (r + 1) * ONE_MINUS_D_SQ % P
    v = (-1 - r * D) * (r + D) % P
    was_square, s = sqrt_ratio_m1(u, v)
    c = -1 % P if was_square else r
    s = s if was_square else -absolute(s * t) % P
    n = (c * (r - 1) * D_MINUS_ONE_SQ - v) % P
    w0 = 2 * s * v % P
    w1 = n * SQRT_AD_MINUS_ONE % P
    w2, w3 = (1 - s * s) % P, (1 + s * s) % P
    return Point(w0 * w3 % P, w2 * w1 % P, w1 * w3 % P, w0 * w2 % P)


GENERATOR = decode(bytes.fromhex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76"))
