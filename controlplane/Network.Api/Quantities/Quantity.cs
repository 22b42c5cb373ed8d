using System.Globalization;
using System.Numerics;

namespace Network.Api.Quantities;

/// <summary>
/// A resource quantity (apimachinery resource.Quantity): an exact number of nano-units and the notation it was written in. Finer than nano rounds up,
/// as upstream does, so that a request never shrinks.
/// </summary>
public readonly record struct Quantity : IComparable<Quantity>
{
    private static readonly string[] s_binary = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    private static readonly string[] s_decimal = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
    private readonly Notation _notation;

    private Quantity(BigInteger nanos, Notation notation) => (Nanos, _notation) = (nanos, notation);

    private enum Notation : byte { Decimal, Binary, Exponent }

    public BigInteger Nanos { get; }

    /// <summary>The value rounded up to whole units.</summary>
    public long Value => (long)BigInteger.Min(CeilDivide(Nanos, 1_000_000_000), long.MaxValue);

    /// <summary>The value rounded up to thousandths, the unit of CPU.</summary>
    public long MilliValue => (long)BigInteger.Min(CeilDivide(Nanos, 1_000_000), long.MaxValue);

    public static Quantity operator +(Quantity left, Quantity right) => new(left.Nanos + right.Nanos, left.Nanos.IsZero ? right._notation : left._notation);

    public static Quantity operator -(Quantity left, Quantity right) => new(left.Nanos - right.Nanos, left._notation);

    /// <summary>A whole number, as objects are counted.</summary>
    public static Quantity Of(int count) => new((BigInteger)count * 1_000_000_000, Notation.Decimal);

    public static bool TryParse(string? text, out Quantity value)
    {
        value = default;
        if (string.IsNullOrEmpty(text) || text.Length > 64)
            return false;
        var end = text[0] is '+' or '-' ? 1 : 0;
        while (end < text.Length && (char.IsAsciiDigit(text[end]) || text[end] == '.'))
            end++;
        var number = text.AsSpan(0, end);
        var suffix = text.AsSpan(end);
        if (!TryParseNumber(number, out var mantissa, out var fraction) || !TryScale(suffix, out var power10, out var power2, out var notation))
            return false;
        var shift = power10 + 9 - fraction;
        var scaled = mantissa * BigInteger.Pow(2, power2);
        value = new Quantity(shift >= 0 ? scaled * BigInteger.Pow(10, shift) : CeilAway(scaled, BigInteger.Pow(10, -shift)), notation);
        return true;
    }

    public int CompareTo(Quantity other) => Nanos.CompareTo(other.Nanos);

    /// <summary>The canonical spelling: no fraction, the largest suffix that loses nothing.</summary>
    public override string ToString()
    {
        if (Nanos.IsZero)
            return "0";
        if (_notation == Notation.Binary && Nanos % 1_000_000_000 == 0 && BigInteger.Abs(Nanos) >= 1_024_000_000_000)
            return Spell(Nanos / 1_000_000_000, 1024, s_binary);
        return _notation == Notation.Exponent ? SpellExponent() : Spell(Nanos, 1000, s_decimal);
    }

    private static string Spell(BigInteger value, int step, string[] suffixes)
    {
        var index = 0;
        while (index < suffixes.Length - 1 && value % step == 0)
        {
            value /= step;
            index++;
        }

        return value.ToString(CultureInfo.InvariantCulture) + suffixes[index];
    }

    private string SpellExponent()
    {
        var (value, exponent) = (Nanos, -9);
        while (value % 1000 == 0)
            (value, exponent) = (value / 1000, exponent + 3);
        return value.ToString(CultureInfo.InvariantCulture) + (exponent == 0 ? "" : "e" + exponent.ToString(CultureInfo.InvariantCulture));
    }

    private static bool TryParseNumber(ReadOnlySpan<char> text, out BigInteger mantissa, out int fraction)
    {
        (mantissa, fraction) = (default, 0);
        var point = text.IndexOf('.');
        if (point >= 0)
            fraction = text.Length - point - 1;
        var digits = point < 0 ? text.ToString() : string.Concat(text[..point], text[(point + 1)..]);
        return digits.AsSpan().IndexOfAnyInRange('0', '9') >= 0
            && BigInteger.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out mantissa);
    }

    private static bool TryScale(ReadOnlySpan<char> suffix, out int power10, out int power2, out Notation notation)
    {
        (power10, power2, notation) = (0, 0, Notation.Decimal);
        if (suffix.Length > 1 && suffix[0] is 'e' or 'E' && int.TryParse(suffix[1..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out power10))
        {
            notation = Notation.Exponent;
            return power10 is >= -30 and <= 30;
        }

        power10 = 0;
        for (var i = 1; i < s_binary.Length; i++)
        {
            if (suffix.SequenceEqual(s_binary[i]))
            {
                (power2, notation) = (10 * i, Notation.Binary);
                return true;
            }
        }

        for (var i = 0; i < s_decimal.Length; i++)
        {
            if (suffix.SequenceEqual(s_decimal[i]))
            {
                power10 = (3 * i) - 9;
                return true;
            }
        }

        return false;
    }

    private static BigInteger CeilDivide(BigInteger value, BigInteger by) =>
        BigInteger.DivRem(value, by, out var rest) + (rest.Sign > 0 ? 1 : 0);

    private static BigInteger CeilAway(BigInteger value, BigInteger by) =>
        BigInteger.DivRem(value, by, out var rest) + rest.Sign;
}
