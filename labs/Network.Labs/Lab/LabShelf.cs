using Network.Labs.Cluster;

namespace Network.Labs.Lab;

/// <summary>The folder with all labs.</summary>
public sealed class LabShelf(string directory)
{
    /// <summary>Names the folder, for a podnet that is not near it.</summary>
    public const string Variable = "PODNET_LABS";

    /// <summary>The folder that is named, or a <c>labs</c> above the working directory or the program.</summary>
    public static LabShelf Open(string? named)
    {
        if ((named ?? Environment.GetEnvironmentVariable(Variable)) is { } given)
            return System.IO.Directory.Exists(given) ? new LabShelf(given) : throw new ClusterException($"there is no folder {given} with labs");
        foreach (var start in (string[])[Environment.CurrentDirectory, AppContext.BaseDirectory])
        {
            for (var at = new DirectoryInfo(start); at is not null; at = at.Parent)
            {
                var labs = Path.Combine(at.FullName, "labs");
                if (System.IO.Directory.Exists(labs) && Folders(labs).Any())
                    return new LabShelf(labs);
            }
        }

        throw new ClusterException($"no labs above {Environment.CurrentDirectory}; name their folder with --labs or {Variable}");
    }

    public IReadOnlyList<Lab> All => Folders(directory).Select(LabFile.Read).ToList();

    /// <summary>By name, with or without its number.</summary>
    public Lab Find(string name) => Folders(directory).FirstOrDefault(folder => Path.GetFileName(folder) == name || Path.GetFileName(folder).EndsWith($"-{name}", StringComparison.Ordinal) && Path.GetFileName(folder)[2..] == $"-{name}") is { } found
        ? LabFile.Read(found)
        : throw new ClusterException($"there is no lab \"{name}\"; there are {string.Join(", ", Folders(directory).Select(folder => Path.GetFileName(folder)[3..]))}");

    private static IEnumerable<string> Folders(string directory) => System.IO.Directory.EnumerateDirectories(directory)
        .Where(folder => Path.GetFileName(folder) is [>= '0' and <= '9', >= '0' and <= '9', '-', ..] && File.Exists(Path.Combine(folder, LabFile.FileName))).Order(StringComparer.Ordinal);
}
