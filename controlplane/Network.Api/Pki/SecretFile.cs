namespace Network.Api.Pki;

/// <summary>Files that only their owner may read.</summary>
public static class SecretFile
{
    /// <summary>Writes atomically: a reader sees the old content or the new, never a part, and never with wider rights.</summary>
    public static void Write(string path, string content)
    {
        var temporary = $"{path}.{Guid.NewGuid():N}";
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        using (var stream = new StreamWriter(new FileStream(temporary, options)))
            stream.Write(content);
        File.Move(temporary, path, overwrite: true);
    }
}
