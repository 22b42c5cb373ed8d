using System.Xml.Linq;

namespace Network.Architecture.Tests;

/// <summary>What a project file says about its place in the house.</summary>
internal sealed record ProjectFile(string Path, int? Floor, IReadOnlyList<string> References)
{
    internal string Name => System.IO.Path.GetFileNameWithoutExtension(Path);

    /// <summary>The wing: the folder at the top of the repository.</summary>
    internal string Wing => Path.Split('/')[0];

    internal static ProjectFile Read(string root, string path)
    {
        var document = XDocument.Load(path);
        var floor = document.Descendants("Floor").SingleOrDefault()?.Value;
        var relative = System.IO.Path.GetRelativePath(root, path);
        // Every test room stands on the highest floor, given once for all of them.
        return new ProjectFile(relative, floor is not null ? int.Parse(floor) : relative.StartsWith("tests/", StringComparison.Ordinal) ? 9 : null,
            document.Descendants("ProjectReference").Select(reference => System.IO.Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value)).ToList());
    }
}
