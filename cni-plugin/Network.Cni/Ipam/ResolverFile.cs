using System.Buffers;
using System.Text.Json;
using Network.Cni.Protocol;

namespace Network.Cni.Ipam;

/// <summary>resolv.conf(5) as the dns part of a result.</summary>
internal static class ResolverFile
{
    internal static JsonElement Read(string path)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CniException(CniError.InvalidConfig, $"field ipam.resolvConf names {path}, which cannot be read", e.Message);
        }

        var lines = text.Split('\n').Select(line => line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)).Where(words => words.Length > 1).ToList();
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            WriteList(json, "nameservers", lines.Where(words => words[0] == "nameserver").Select(words => words[1]));
            if (lines.FindLast(words => words[0] == "domain") is { } domain)
                json.WriteString("domain", domain[1]);
            WriteList(json, "search", lines.FindLast(words => words[0] == "search")?.Skip(1) ?? []);
            WriteList(json, "options", lines.Where(words => words[0] == "options").SelectMany(words => words.Skip(1)));
            json.WriteEndObject();
        }

        return JsonDocument.Parse(buffer.WrittenMemory).RootElement;
    }

    private static void WriteList(Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        var list = values.ToList();
        if (list.Count == 0)
            return;
        json.WriteStartArray(name);
        list.ForEach(json.WriteStringValue);
        json.WriteEndArray();
    }
}
