namespace Network.Kubelet.Images;

/// <summary>
/// Resolves a name inside a directory tree as chroot(2) would: a link never leads out of the root, <c>..</c> at the root stays there.
/// Entries that climb above the root are refused, because no honest archive holds one.
/// </summary>
internal static class RootedPath
{
    private const int MaximumLinks = 40;

    /// <summary>The real parent directory of the name, with all links in it resolved inside the root, and the last component.</summary>
    internal static (string Parent, string Name) Split(string root, string name)
    {
        var parts = Components(name);
        return parts.Count == 0 ? (root, "") : (Resolve(root, parts.GetRange(0, parts.Count - 1), name), parts[^1]);
    }

    /// <summary>The real path of an existing or future name, last component included.</summary>
    internal static string Resolve(string root, string name) => Resolve(root, Components(name), name);

    private static List<string> Components(string name)
    {
        var parts = new List<string>();
        foreach (var part in name.Split('/'))
        {
            if (part is "" or ".")
                continue;
            if (part == "..")
            {
                if (parts.Count == 0)
                    throw new ImageException($"entry {name} climbs out of its root");
                parts.RemoveAt(parts.Count - 1);
                continue;
            }

            parts.Add(part);
        }

        return parts;
    }

    private static string Resolve(string root, IReadOnlyList<string> components, string name)
    {
        var pending = new Stack<string>(components.Reverse());
        var resolved = new List<string>();
        var links = 0;
        while (pending.TryPop(out var part))
        {
            if (part == "..")
            {
                if (resolved.Count > 0)
                    resolved.RemoveAt(resolved.Count - 1);
                continue;
            }

            var path = Path.Combine(root, string.Join('/', resolved), part);
            if (new FileInfo(path).LinkTarget is not { } target)
            {
                resolved.Add(part);
                continue;
            }

            if (++links > MaximumLinks)
                throw new ImageException($"entry {name}: too many levels of symbolic links");
            if (target.StartsWith('/'))
                resolved.Clear();
            foreach (var piece in target.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(piece => piece != ".").Reverse())
                pending.Push(piece);
        }

        return resolved.Count == 0 ? root : Path.Combine(root, string.Join('/', resolved));
    }
}
