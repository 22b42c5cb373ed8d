using System.Globalization;

namespace Network.Diagnosis.Trace;

/// <summary>Names of the kernel's functions by address (/proc/kallsyms, which shows addresses to root only).</summary>
public sealed class KernelSymbols
{
    private readonly ulong[] _addresses;
    private readonly string[] _names;

    private KernelSymbols(ulong[] addresses, string[] names) => (_addresses, _names) = (addresses, names);

    public static KernelSymbols OfKernel() => Read(File.ReadLines("/proc/kallsyms"));

    /// <summary>Lines of address, kind, name and perhaps module; functions are kind t and T.</summary>
    public static KernelSymbols Read(IEnumerable<string> lines)
    {
        var found = new List<(ulong Address, string Name)>();
        foreach (var line in lines)
        {
            var words = line.Split([' ', '\t'], 4);
            if (words.Length >= 3 && words[1] is "t" or "T" && ulong.TryParse(words[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var address) && address != 0)
                found.Add((address, words[2]));
        }

        found.Sort((a, b) => a.Address.CompareTo(b.Address));
        return new KernelSymbols([.. found.Select(symbol => symbol.Address)], [.. found.Select(symbol => symbol.Name)]);
    }

    /// <summary>The function an address is in, without the endings compilers add (.isra.0); the address itself when none is known.</summary>
    public string Function(ulong address)
    {
        var at = Array.BinarySearch(_addresses, address);
        at = at >= 0 ? at : ~at - 1;
        return at < 0 ? $"0x{address:x}" : _names[at].Split('.')[0];
    }
}
