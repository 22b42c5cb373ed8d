using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Network.Dns.Wire;

namespace Network.Dns.Views;

/// <summary>
/// Reads the expression of a view, in CoreDNS's words: <c>incidr(client_ip(), 'RANGE')</c>; <c>name()</c>, <c>type()</c>,
/// <c>proto()</c> and <c>client_ip()</c> compared with == and !=, looked for with <c>in [...]</c>; <c>name() matches 'REGEX'</c>;
/// joined by <c>and</c>, <c>or</c>, <c>not</c> (also &amp;&amp;, ||, !) and parentheses.
/// </summary>
internal sealed partial class ViewExpression
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(100);
    private readonly List<string> _tokens;
    private int _at;

    private ViewExpression(string text)
    {
        _tokens = Token().Matches(text).Select(match => match.Value).ToList();
        if (string.Concat(_tokens) != Blank().Replace(text, match => match.Groups["kept"].Value))
            throw new FormatException($"\"{text}\" is not understood");
    }

    /// <exception cref="FormatException">With what is wrong, in words.</exception>
    internal static ViewCondition Parse(string text)
    {
        var reader = new ViewExpression(text);
        var condition = reader.Or();
        return reader._at == reader._tokens.Count ? condition : throw new FormatException($"\"{reader._tokens[reader._at]}\" stands where the expression should end");
    }

    private ViewCondition Or()
    {
        var left = And();
        while (Take("or") || Take("||"))
        {
            var (first, second) = (left, And());
            left = (in ViewQuestion question) => first(question) || second(question);
        }

        return left;
    }

    private ViewCondition And()
    {
        var left = Not();
        while (Take("and") || Take("&&"))
        {
            var (first, second) = (left, Not());
            left = (in ViewQuestion question) => first(question) && second(question);
        }

        return left;
    }

    private ViewCondition Not()
    {
        if (Take("not") || Take("!"))
        {
            var inner = Not();
            return (in ViewQuestion question) => !inner(question);
        }

        if (!Take("("))
            return Term();
        var whole = Or();
        Expect(")");
        return whole;
    }

    private ViewCondition Term()
    {
        switch (Next("a condition"))
        {
            case "true":
                return static (in ViewQuestion _) => true;
            case "false":
                return static (in ViewQuestion _) => false;
            case "incidr":
                return InRange();
            case "name":
                return Compared(NameIs, NameMatches);
            case "type":
                return Compared(TypeIs, null);
            case "proto":
                return Compared(ProtocolIs, null);
            case "client_ip":
                return Compared(ClientIs, null);
            case var other:
                throw new FormatException($"\"{other}\" is not served; incidr(client_ip(), RANGE), name(), type(), proto() and client_ip() are");
        }
    }

    private ViewCondition InRange()
    {
        Expect("(");
        Expect("client_ip");
        Expect("(");
        Expect(")");
        Expect(",");
        var text = Text();
        Expect(")");
        return IPNetwork.TryParse(text, out var range) ? WithinRange(range) : throw new FormatException($"\"{text}\" is no range of addresses; write 10.0.0.0/8");
    }

    private ViewCondition Compared(Func<string, ViewCondition> equal, Func<string, ViewCondition>? matches)
    {
        Expect("(");
        Expect(")");
        if (matches is not null && Take("matches"))
            return matches(Text());
        if (Take("in"))
        {
            Expect("[");
            var any = new List<ViewCondition>();
            do
                any.Add(equal(Text()));
            while (Take(","));
            Expect("]");
            return AnyOf([.. any]);
        }

        var isEqual = Take("==");
        if (!isEqual)
            Expect("!=");
        var condition = equal(Text());
        return isEqual ? condition : (in ViewQuestion question) => !condition(question);
    }

    private static ViewCondition AnyOf(ViewCondition[] conditions) => (in ViewQuestion question) =>
    {
        foreach (var condition in conditions)
        {
            if (condition(question))
                return true;
        }

        return false;
    };

    private static ViewCondition NameIs(string text)
    {
        var name = WireName.Of(text.TrimEnd('.').ToLowerInvariant());
        return (in ViewQuestion question) => question.Name.SequenceEqual(name);
    }

    private static ViewCondition NameMatches(string text)
    {
        Regex regex;
        try
        {
            regex = new Regex(text, RegexOptions.CultureInvariant, s_patience);
        }
        catch (ArgumentException e)
        {
            throw new FormatException(e.Message);
        }

        return (in ViewQuestion question) => Matches(regex, question.Name);
    }

    private static bool Matches(Regex regex, ReadOnlySpan<byte> name)
    {
        try
        {
            return regex.IsMatch(WireName.ToText(name) + ".");
        }
        catch (RegexMatchTimeoutException)
        {
            return false;
        }
    }

    private static ViewCondition TypeIs(string text)
    {
        if (!Enum.TryParse<RecordType>(text, ignoreCase: true, out var type) || char.IsAsciiDigit(text[0]))
            throw new FormatException($"\"{text}\" is no record type");
        return (in ViewQuestion question) => question.Type == type;
    }

    private static ViewCondition ProtocolIs(string text) => text switch
    {
        "udp" => static (in ViewQuestion question) => !question.IsStream,
        "tcp" => static (in ViewQuestion question) => question.IsStream,
        _ => throw new FormatException($"\"{text}\" is no protocol; udp and tcp are"),
    };

    private static ViewCondition ClientIs(string text) => IPAddress.TryParse(text, out var address)
        ? WithinRange(new IPNetwork(address, address.GetAddressBytes().Length * 8))
        : throw new FormatException($"\"{text}\" is no address");

    // By bits, without an object for the asker.
    private static ViewCondition WithinRange(IPNetwork range)
    {
        var isV4 = range.BaseAddress.AddressFamily == AddressFamily.InterNetwork;
        var (wanted, length) = (ValueOf(range.BaseAddress.GetAddressBytes()), range.PrefixLength);
        var mask = length == 0 ? UInt128.Zero : UInt128.MaxValue << ((isV4 ? 32 : 128) - length);
        return (in ViewQuestion question) => question.Client.Length == (isV4 ? 4 : 16) && ((ValueOf(question.Client) ^ wanted) & mask) == 0;
    }

    private static UInt128 ValueOf(ReadOnlySpan<byte> address) =>
        address.Length == 4 ? BinaryPrimitives.ReadUInt32BigEndian(address) : BinaryPrimitives.ReadUInt128BigEndian(address);

    private string Text()
    {
        var token = Next("a text in quotes");
        return token[0] is '\'' or '"' ? token[1..^1] : throw new FormatException($"\"{token}\" stands where a text in quotes should");
    }

    private bool Take(string token)
    {
        if (_at >= _tokens.Count || _tokens[_at] != token)
            return false;
        _at++;
        return true;
    }

    private void Expect(string token)
    {
        if (!Take(token))
            throw new FormatException($"\"{(_at < _tokens.Count ? _tokens[_at] : "the end")}\" stands where \"{token}\" should");
    }

    private string Next(string what) => _at < _tokens.Count ? _tokens[_at++] : throw new FormatException($"the expression ends where {what} should stand");

    [GeneratedRegex("""'[^']*'|"[^"]*"|==|!=|&&|\|\||\w+|[()\[\],!]""")]
    private static partial Regex Token();

    // Blanks outside of quotes.
    [GeneratedRegex("""(?<kept>'[^']*'|"[^"]*")|\s+""")]
    private static partial Regex Blank();
}
