using Network.Api.Schema;

namespace Network.Api.Resources;

/// <summary>One served resource: one line of the catalog.</summary>
public sealed record ResourceInfo(string Group, string Version, string Kind, string Plural, string SchemaName, ResourceTraits Traits)
{
    private static readonly string[] s_all = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
    private static readonly string[] s_noCollection = ["create", "delete", "get", "list", "patch", "update", "watch"];
    private static readonly string[] s_create = ["create"];
    private static readonly string[] s_read = ["get", "list"];

    public IReadOnlyList<string> ShortNames { get; init; } = [];

    public IReadOnlyList<string> Categories { get; init; } = [];

    public IReadOnlyList<SubresourceInfo> Subresources { get; init; } = [];

    /// <summary>Field selector label to JSON path, beyond metadata.name and metadata.namespace.</summary>
    public IReadOnlyDictionary<string, string> SelectableFields { get; init; } = new Dictionary<string, string>();

    /// <summary>The resource whose stored objects this one shows in another shape; itself otherwise.</summary>
    public string StoredAs { get; init; } = "";

    /// <summary>apiVersion and kind of the stored bytes.</summary>
    public string StoredApiVersion { get; init; } = "";

    /// <summary>Has a protobuf form; false for kinds defined while the server runs.</summary>
    public bool Protobuf { get; init; } = true;

    public string Singular { get => field ?? Kind.ToLowerInvariant(); init; }

    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    public string ListKind { get => field ?? Kind + "List"; init; }

    public string Qualified => Group.Length == 0 ? Plural : $"{Plural}.{Group}";

    public bool Namespaced => Has(ResourceTraits.Namespaced);

    public IReadOnlyList<string> Verbs => Has(ResourceTraits.ReadOnly) ? s_read : Has(ResourceTraits.CreateOnly) ? s_create : Has(ResourceTraits.NoDeleteCollection) ? s_noCollection : s_all;

    /// <summary>Key prefix in the store, with a closing slash so that <c>pods</c> never covers <c>podtemplates</c>.</summary>
    public string Prefix { get; } = Group.Length == 0 ? $"/registry/{Plural}/" : $"/registry/{Group}/{Plural}/";

    public string StoragePrefix => StoredAs.Length == 0 ? Prefix : StoredAs;

    public bool Converted => StoredApiVersion.Length > 0;

    public MessageType Schema => CustomSchema ?? ApiSchema.Get(SchemaName);

    /// <summary>The type of a kind that a CustomResourceDefinition defines; null for built-in kinds.</summary>
    public MessageType? CustomSchema { get; init; }

    /// <summary>Stored objects get defaults when they are read, because the schema may be younger than they are.</summary>
    public bool DefaultsOnRead => CustomSchema?.Structure?.HasDefaults == true;

    /// <summary>Columns beside the name; null shows the age only.</summary>
    public IReadOnlyList<CustomColumn>? Columns { get; init; }

    public ScalePaths Scale { get; init; } = ScalePaths.BuiltIn;

    /// <summary>What clients of a deprecated version are warned with; empty for none.</summary>
    public string DeprecationWarning { get; init; } = "";

    public bool Has(ResourceTraits trait) => (Traits & trait) != 0;

    public string Key(string? ns, string name) => Namespaced ? $"{StoragePrefix}{ns}/{name}" : StoragePrefix + name;

    public SubresourceInfo? Subresource(string name) => Subresources.FirstOrDefault(s => s.Name == name);
}
