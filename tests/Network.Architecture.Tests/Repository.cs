namespace Network.Architecture.Tests;

/// <summary>The source tree these tests were built from.</summary>
internal static class Repository
{
    private static readonly string[] s_productFolders = ["overlay", "dns", "controlplane", "cni-plugin", "labs"];

    internal static string Root { get; } = FindRoot();

    /// <summary>C# files that ship.</summary>
    internal static IReadOnlyList<SourceFile> Product { get; } = Sources(s_productFolders);

    internal static IReadOnlyList<SourceFile> Tests { get; } = Sources(["tests"]);

    internal static IReadOnlyList<ProjectFile> Projects { get; } = Files([.. s_productFolders, "tests"], "*.csproj")
        .Select(path => ProjectFile.Read(Root, path)).ToList();

    private static List<SourceFile> Sources(string[] folders) => Files(folders, "*.cs").Select(path => SourceFile.Read(Root, path)).ToList();

    private static IEnumerable<string> Files(string[] folders, string pattern) => folders
        .Select(folder => Path.Combine(Root, folder))
        .Where(Directory.Exists)
        .SelectMany(folder => Directory.EnumerateFiles(folder, pattern, SearchOption.AllDirectories))
        .Where(path => !Path.GetRelativePath(Root, path).Split('/').Any(part => part is "obj" or "bin"))
        .Order(StringComparer.Ordinal);

    private static string FindRoot()
    {
        for (var dir = new DirectoryInfo(AppContext.BaseDirectory); dir is not null; dir = dir.Parent)
        {
            if (File.Exists(Path.Combine(dir.FullName, "Network.sln")))
                return dir.FullName;
        }

        throw new InvalidOperationException($"no Network.sln above {AppContext.BaseDirectory}: run the tests from a checkout");
    }
}
