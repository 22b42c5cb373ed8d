using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Network.Labs.Topology;

/// <summary>Reading YAML that people write: what cannot be is refused with file, line and fix.</summary>
public abstract class YamlFile(string file)
{
    protected string File => file;

    /// <summary>The one mapping of a file.</summary>
    protected YamlMappingNode Load(string text, string what, string holds)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(text));
        }
        catch (YamlException e)
        {
            throw new TopologyException(file, e.Start.Line, $"not valid YAML: {e.Message}", "correct the syntax");
        }
        catch (InvalidOperationException e)
        {
            // YamlDotNet's scanner says some broken flow mappings this way, without a line.
            throw new TopologyException(file, 1, $"not valid YAML: {e.Message}", "close every bracket and quote");
        }

        return stream.Documents.Count == 1 && stream.Documents[0].RootNode is YamlMappingNode root
            ? root
            : throw new TopologyException(file, 1, $"not a {what}", $"write a mapping with {holds}");
    }

    protected void CheckKeys(YamlMappingNode map, string what, string[] known)
    {
        foreach (var key in map.Children.Keys)
        {
            if (!known.Contains(Text(key, what)))
                throw new TopologyException(file, key.Start.Line, $"{what}: unknown field \"{Text(key, what)}\"", $"known fields are {string.Join(", ", known)}");
        }
    }

    protected IEnumerable<YamlNode> Items(YamlMappingNode map, string key) => Find(map, key) switch
    {
        null => [],
        YamlSequenceNode sequence => sequence.Children,
        var other => throw new TopologyException(file, other.Start.Line, $"{key} is not a list", "write one item a line, each after a dash"),
    };

    protected YamlMappingNode Mapping(YamlNode node, string what) =>
        node as YamlMappingNode ?? throw new TopologyException(file, node.Start.Line, $"{what} is not a mapping", "write name: value lines");

    protected string Required(YamlMappingNode map, string what, string key) =>
        Find(map, key) is { } node ? Text(node, key) : throw new TopologyException(file, map.Start.Line, $"{what}: {key} is missing", $"add {key}:");

    protected string Text(YamlNode node, string what) =>
        (node as YamlScalarNode)?.Value ?? throw new TopologyException(file, node.Start.Line, $"{what} is not a plain value", "write a single word or number");

    protected static YamlNode? Find(YamlMappingNode map, string key) =>
        map.Children.FirstOrDefault(pair => (pair.Key as YamlScalarNode)?.Value == key).Value;

    protected static long LineOf(YamlMappingNode map, string key) => Find(map, key)?.Start.Line ?? map.Start.Line;
}
