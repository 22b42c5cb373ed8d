using System.Text;
using System.Text.Encodings.Web;

namespace Network.Cni.Protocol;

/// <summary>
/// Escapes what JSON wants escaped (RFC 8259 section 7) and nothing else. The library's encoders first make tables of all
/// 65,536 characters of the basic plane, which takes a process that answers once as long as creating a veth pair.
/// </summary>
internal sealed unsafe class PlainEncoder : JavaScriptEncoder
{
    internal static readonly PlainEncoder Instance = new();

    private const int LongestEscape = 6;

    public override int MaxOutputCharactersPerInputCharacter => LongestEscape;

    public override int FindFirstCharacterToEncode(char* text, int textLength) => Find(new ReadOnlySpan<char>(text, textLength));

    public override int FindFirstCharacterToEncodeUtf8(ReadOnlySpan<byte> utf8Text)
    {
        for (var i = 0; i < utf8Text.Length;)
        {
            if (Rune.DecodeFromUtf8(utf8Text[i..], out var rune, out var length) != System.Buffers.OperationStatus.Done || WillEncode(rune.Value))
                return i;
            i += length;
        }

        return -1;
    }

    public override bool WillEncode(int unicodeScalar) => unicodeScalar is < 0x20 or '"' or '\\';

    public override bool TryEncodeUnicodeScalar(int unicodeScalar, char* buffer, int bufferLength, out int numberOfCharactersWritten)
    {
        var to = new Span<char>(buffer, bufferLength);
        numberOfCharactersWritten = 0;
        if (!WillEncode(unicodeScalar))
            return new Rune(unicodeScalar).TryEncodeToUtf16(to, out numberOfCharactersWritten);
        var escape = unicodeScalar is '"' or '\\' ? $"\\{(char)unicodeScalar}" : $"\\u{unicodeScalar:x4}";
        if (!escape.TryCopyTo(to))
            return false;
        numberOfCharactersWritten = escape.Length;
        return true;
    }

    private int Find(ReadOnlySpan<char> text)
    {
        for (var i = 0; i < text.Length;)
        {
            if (Rune.DecodeFromUtf16(text[i..], out var rune, out var length) != System.Buffers.OperationStatus.Done || WillEncode(rune.Value))
                return i;
            i += length;
        }

        return -1;
    }
}
