using System.Globalization;
using Network.Linux.Interop;

namespace Network.Linux;

/// <summary>The program file as it is mapped into this process.</summary>
public static class ProcessImage
{
    /// <summary>
    /// Unmaps the pages of the program's code and constants that were touched so far: what starting needed is not needed again,
    /// and what is comes back from the page cache at its next use (a minor fault). Only mappings nothing was ever written to,
    /// for there alone the file has the truth (madvise(2), MADV_DONTNEED). Best effort.
    /// </summary>
    /// <returns>Bytes that were resident in the mappings given back.</returns>
    public static long Release()
    {
        if (Environment.ProcessPath is not { } program)
            return 0;
        var released = 0L;
        foreach (var mapping in Clean(File.ReadLines("/proc/self/smaps"), program))
        {
            if (LibC.madvise((nint)mapping.Start, (nuint)(mapping.End - mapping.Start), LibC.MADV_DONTNEED) == 0)
                released += mapping.Resident;
        }

        return released;
    }

    /// <summary>Pure: mappings of a file that cannot be written and have no page of their own (proc_pid_smaps(5)).</summary>
    internal static IReadOnlyList<MappedPart> Clean(IEnumerable<string> smaps, string file)
    {
        var found = new List<MappedPart>();
        MappedPart? current = null;
        foreach (var line in smaps)
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words[0].EndsWith(':'))
            {
                if (current is not null && words[0] == "Rss:")
                    current = current with { Resident = Kilobytes(words) };
                else if (current is not null && words[0] == "Anonymous:" && Kilobytes(words) == 0)
                    found.Add(current);
                continue;
            }

            // address perms offset dev inode path
            var range = words[0].Split('-');
            current = words.Length >= 6 && string.Join(' ', words[5..]) == file && !words[1].Contains('w')
                ? new MappedPart(ulong.Parse(range[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture), ulong.Parse(range[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture), 0)
                : null;
        }

        return found;
    }

    private static long Kilobytes(string[] words) => long.Parse(words[1], CultureInfo.InvariantCulture) * 1024;
}

/// <param name="Resident">Bytes.</param>
internal sealed record MappedPart(ulong Start, ulong End, long Resident);
