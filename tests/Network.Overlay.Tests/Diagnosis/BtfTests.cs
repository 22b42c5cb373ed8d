using System.Buffers.Binary;
using System.Text;
using Network.Diagnosis.Bpf;
using Xunit;

namespace Network.Overlay.Tests.Diagnosis;

/// <summary>Types built here by Documentation/bpf/btf.rst.</summary>
public sealed class BtfTests
{
    [Fact]
    public void Fields_are_found_through_names_embedded_structures_and_nameless_unions()
    {
        var btf = Btf.Read(Example());
        Assert.Equal(0, btf.Offset("outer", "first"));
        Assert.Equal(8, btf.Offset("outer", "inner"));
        Assert.Equal(12, btf.Offset("outer", "inner.second"));
        Assert.Equal(16, btf.Offset("outer", "hidden"));
        Assert.Null(btf.Offset("outer", "nobody"));
        Assert.Null(btf.Offset("nothing", "first"));
    }

    [Fact]
    public void Values_of_an_enumeration_have_their_names()
    {
        var values = Btf.Read(Example()).Values("reason");
        Assert.Equal((2, "SOME", "OTHER"), (values.Count, values[3], values[70_000]));
    }

    [Fact]
    public void Every_truncation_is_refused()
    {
        var whole = Example();
        for (var length = 0; length < whole.Length; length++)
            Assert.Throws<InvalidDataException>(() => Btf.Read(whole[..length]));
    }

    [Fact]
    public void Random_changes_are_refused_or_read_and_never_anything_else()
    {
        var random = new Random(7);
        var whole = Example();
        for (var round = 0; round < 20_000; round++)
        {
            var data = whole.ToArray();
            for (var change = random.Next(1, 4); change > 0; change--)
                data[random.Next(data.Length)] = (byte)random.Next(256);
            try
            {
                var btf = Btf.Read(data);
                btf.Offset("outer", "inner.second");
                btf.Offset("outer", "hidden");
                btf.Values("reason");
            }
            catch (InvalidDataException)
            {
                // Refused.
            }
        }
    }

    // struct inner { int zero; int second; };
    // struct outer { long first; typedef struct inner inner; union { int hidden; }; };   enum reason { SOME = 3, OTHER = 70000 };
    private static byte[] Example()
    {
        var strings = new MemoryStream();
        strings.WriteByte(0);
        uint Name(string text)
        {
            var at = (uint)strings.Length;
            strings.Write(Encoding.UTF8.GetBytes(text + "\0"));
            return at;
        }

        var types = new List<uint>();
        void Type(uint name, int kind, int count, uint size, params uint[] rest) => types.AddRange([name, (uint)(kind << 24 | count), size, .. rest]);
        Type(Name("int"), 1, 0, 4, 32);
        Type(Name("long"), 1, 0, 8, 64);
        Type(Name("inner"), 4, 2, 8, Name("zero"), 1, 0, Name("second"), 1, 32);
        Type(Name("inner_t"), 8, 0, 3);
        Type(0, 5, 1, 4, Name("hidden"), 1, 0);
        Type(Name("outer"), 4, 3, 24, Name("first"), 2, 0, Name("inner"), 4, 64, 0, 5, 128);
        Type(Name("reason"), 6, 2, 4, Name("SOME"), 3, Name("OTHER"), 70_000);
        var data = new byte[24 + types.Count * 4 + strings.Length];
        void Put(int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(data.AsSpan(at), value);
        BinaryPrimitives.WriteUInt16LittleEndian(data, 0xeb9f);
        data[2] = 1;
        Put(4, 24);
        Put(12, (uint)types.Count * 4);
        Put(16, (uint)types.Count * 4);
        Put(20, (uint)strings.Length);
        for (var i = 0; i < types.Count; i++)
            Put(24 + i * 4, types[i]);
        strings.ToArray().CopyTo(data, 24 + types.Count * 4);
        return data;
    }
}
