namespace Network.TestKit;

/// <summary>The checkout these tests were built from.</summary>
public static class SourceTree
{
    public static string Root { get; } = Find();

    private static string Find()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "Network.sln")))
                return directory.FullName;
        }

        throw new InvalidOperationException($"no Network.sln above {AppContext.BaseDirectory}");
    }
}
