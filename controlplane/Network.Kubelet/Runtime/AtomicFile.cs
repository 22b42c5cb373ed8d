namespace Network.Kubelet.Runtime;

/// <summary>Files that are either the old or the new content, never half.</summary>
internal static class AtomicFile
{
    internal static void Write(string path, string content)
    {
        var temporary = $"{path}.new";
        File.WriteAllText(temporary, content);
        File.Move(temporary, path, overwrite: true);
    }
}
