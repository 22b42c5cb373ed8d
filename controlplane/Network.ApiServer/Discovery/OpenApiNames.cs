using System.Text.Json;
using Network.Api.Resources;
using Network.Api.Schema;

namespace Network.ApiServer.Discovery;

/// <summary>What definitions are called: clients and generators know upstream's names by heart.</summary>
internal static class OpenApiNames
{
    public static string Of(MessageType type) => type.Structure is null ? Of(type.Name) : $"{Reversed(type.ApiVersion!)}.{type.Kind}";

    public static string ListOf(ResourceInfo resource) =>
        resource.CustomSchema is null ? Of(resource.SchemaName) + "List" : $"{Reversed(resource.ApiVersion)}.{resource.ListKind}";

    public static void WriteKind(Utf8JsonWriter writer, (string Group, string Version, string Kind) kind)
    {
        writer.WriteStartObject();
        writer.WriteString("group"u8, kind.Group);
        writer.WriteString("version"u8, kind.Version);
        writer.WriteString("kind"u8, kind.Kind);
        writer.WriteEndObject();
    }

    // stable.example.com/v1 is com.example.stable.v1
    private static string Reversed(string apiVersion)
    {
        var slash = apiVersion.IndexOf('/');
        return $"{string.Join('.', apiVersion[..slash].Split('.').Reverse())}.{apiVersion[(slash + 1)..]}";
    }

    private static string Of(string name) => name[..name.IndexOf('.')] switch
    {
        "meta" => "io.k8s.apimachinery.pkg.apis." + name,
        "apiextensions" => "io.k8s.apiextensions-apiserver.pkg.apis." + name,
        "apiregistration" => "io.k8s.kube-aggregator.pkg.apis." + name,
        _ => "io.k8s.api." + name,
    };
}
