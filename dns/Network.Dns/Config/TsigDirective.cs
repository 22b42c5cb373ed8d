using Network.Dns.Plugins.Tsig;
using Network.Dns.Wire;

namespace Network.Dns.Config;

/// <summary>tsig { secret NAME BASE64; secrets FILE; require TYPE...|all|none }</summary>
internal static class TsigDirective
{
    internal static TsigSettings Read(Directive line, PluginContext context, Func<Directive, string, RecordType> typeOf)
    {
        line.Allow("secret", "secrets", "require");
        var secrets = line.Block.Where(option => option.Name == "secret").Select(option => option.Arguments is [var name, var secret] ? Key(option, name, secret) : throw option.Refuse("write: secret NAME BASE64"))
            .Concat(line.Block.Where(option => option.Name == "secrets").SelectMany(option => File(option, context))).ToList();
        if (secrets.Count == 0)
            throw line.Refuse("there is no key; write: secret NAME BASE64 or secrets FILE");
        var required = new List<RecordType>();
        var all = false;
        foreach (var option in line.Block.Where(option => option.Name == "require"))
        {
            foreach (var word in option.Arguments)
            {
                all |= word == "all";
                if (word is not ("all" or "none"))
                    required.Add(typeOf(option, word));
            }
        }

        return new TsigSettings(secrets, all ? null : required);
    }

    // As tsig-keygen(8) writes it: key "NAME" { algorithm hmac-sha256; secret "BASE64"; };
    private static IEnumerable<(byte[], byte[])> File(Directive option, PluginContext context)
    {
        var path = Path.GetFullPath(option.Single(), Path.GetFullPath(context.Root));
        string[] words;
        try
        {
            words = System.IO.File.ReadAllText(path).Split([' ', '\t', '\r', '\n', ';', '"', '{', '}'], StringSplitOptions.RemoveEmptyEntries);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw option.Refuse(e.Message);
        }

        var found = new List<(byte[], byte[])>();
        string? name = null;
        for (var i = 0; i + 1 < words.Length; i++)
        {
            if (words[i] == "key")
                name = words[++i];
            else if (words[i] == "secret" && name is not null)
                found.Add(Key(option, name, words[++i]));
        }

        return found.Count > 0 ? found : throw option.Refuse($"{path} has no key \"NAME\" {{ algorithm ...; secret \"BASE64\"; }};");
    }

    private static (byte[] Name, byte[] Secret) Key(Directive option, string name, string secret)
    {
        var bytes = new byte[secret.Length];
        return Convert.TryFromBase64String(secret, bytes, out var length) && length > 0
            ? (WireName.Of(name.TrimEnd('.').ToLowerInvariant()), bytes[..length])
            : throw option.Refuse($"the secret of {name} is not base64");
    }
}
