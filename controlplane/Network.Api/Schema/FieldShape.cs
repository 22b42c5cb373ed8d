namespace Network.Api.Schema;

public enum FieldShape : byte { Single, List, Map, MapOfLists }
