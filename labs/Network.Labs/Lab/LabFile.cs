using System.Globalization;
using Network.Labs.Cluster;
using Network.Labs.Topology;
using YamlDotNet.RepresentationModel;

namespace Network.Labs.Lab;

/// <summary>Reads <c>lab.yaml</c> of a lab's folder, and refuses what cannot work with file, line and fix.</summary>
public sealed class LabFile : YamlFile
{
    /// <summary>The file that makes a folder a lab.</summary>
    public const string FileName = "lab.yaml";

    private static readonly string[] s_rootKeys = ["title", "level", "nodes", "topology", "manifests", "wait", "symptom", "faults", "question", "healthy", "finds", "hints"];
    private static readonly string[] s_faultKeys = ["fault", "on", "peer", "value"];
    private static readonly string[] s_questionKeys = ["from", "to", "udp"];
    private readonly string _directory;

    private LabFile(string directory)
        : base(Path.Combine(directory, FileName)) => _directory = directory;

    public static Lab Read(string directory)
    {
        var file = new LabFile(directory);
        return file.Root(file.Load(System.IO.File.ReadAllText(file.File), "lab", "title, question and finds"));
    }

    private Lab Root(YamlMappingNode root)
    {
        CheckKeys(root, "lab", s_rootKeys);
        var name = Path.GetFileName(_directory.TrimEnd('/')).TrimStart('0', '1', '2', '3', '4', '5', '6', '7', '8', '9').TrimStart('-');
        if (!ClusterPaths.IsName(name))
            throw new TopologyException(File, 1, $"the folder's name \"{name}\" is not usable", $"call it NN-NAME, NAME of 1 to {ClusterPaths.LongestName} lower-case letters, digits and inner dashes");
        return new Lab(_directory, name, Required(root, "lab", "title"))
        {
            Level = Number(root, "level", 1, 1, 3),
            Topology = TopologyOf(root, name),
            Manifests = Items(root, "manifests").Select(Existing).ToList(),
            Waits = Items(root, "wait").Select(item => Text(item, "wait")).ToList(),
            Symptom = Find(root, "symptom") is { } symptom ? Text(symptom, "symptom").Trim() : "",
            Faults = Items(root, "faults").Select(Fault).ToList(),
            Question = Find(root, "question") is { } question ? Question(question) : throw new TopologyException(File, 1, "lab: question is missing", "add question: {from: pod/client, to: svc/web}"),
            Healthy = Find(root, "healthy") is { } healthy ? Question(healthy) : null,
            Finds = Items(root, "finds").Select(Answer).ToList(),
            Hints = Items(root, "hints").Select(Hint).ToList(),
        };
    }

    private LabTopology TopologyOf(YamlMappingNode root, string name)
    {
        if (Find(root, "topology") is not { } file)
            return LabTopology.Flat(name, Number(root, "nodes", 2, 1, 50));
        if (Find(root, "nodes") is { } nodes)
            throw new TopologyException(File, nodes.Start.Line, "lab: nodes and topology are both given", "the topology file names the nodes: remove nodes");
        return TopologyFile.Read(Existing(file)) with { Name = name };
    }

    private LabFault Fault(YamlNode item)
    {
        var map = Mapping(item, "fault");
        CheckKeys(map, "fault", s_faultKeys);
        string Get(string key) => Find(map, key) is { } node ? Text(node, key) : "";
        var name = Required(map, "fault", "fault");
        if (Faults.FaultList.All.All(known => known.Name != name))
            throw new TopologyException(File, map.Start.Line, $"fault \"{name}\" is unknown", $"known faults are {string.Join(", ", Faults.FaultList.All.Select(known => known.Name))}");
        // Files a fault takes are the lab's.
        string Path(string value) => name is "manifest" or "pod-replaced" or "resolver" && value.Length > 0 ? System.IO.Path.Combine(_directory, value) : value;
        return new LabFault(name, Get("on"), Path(Get("peer")), Path(Get("value")));
    }

    private LabQuestion Question(YamlNode item)
    {
        var map = Mapping(item, "question");
        CheckKeys(map, "question", s_questionKeys);
        return new LabQuestion(Required(map, "question", "from"), Required(map, "question", "to"), Find(map, "udp") is { } udp && Text(udp, "udp") == "true");
    }

    private LabAnswer Answer(YamlNode item)
    {
        var map = Mapping(item, "find");
        CheckKeys(map, "find", ["code", "where"]);
        return new LabAnswer(Required(map, "find", "code"), Required(map, "find", "where"));
    }

    private LabHint Hint(YamlNode item)
    {
        var map = Mapping(item, "hint");
        CheckKeys(map, "hint", ["when", "say"]);
        return new LabHint(Find(map, "when") is { } when ? Text(when, "when") : "", Required(map, "hint", "say").Trim());
    }

    private string Existing(YamlNode node)
    {
        var path = Path.Combine(_directory, Text(node, "file"));
        return System.IO.File.Exists(path) ? path : throw new TopologyException(File, node.Start.Line, $"there is no file {path}", "write the path from the lab's folder");
    }

    private int Number(YamlMappingNode map, string key, int byDefault, int least, int most)
    {
        if (Find(map, key) is not { } node)
            return byDefault;
        return int.TryParse(Text(node, key), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw new TopologyException(File, node.Start.Line, $"{key} \"{Text(node, key)}\" is out of range", $"write a number from {least} to {most}");
    }
}
